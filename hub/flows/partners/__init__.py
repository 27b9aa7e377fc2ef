"""Trading partners as a person sets them up."""
