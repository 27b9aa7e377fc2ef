"""What backends say of what they were sent: confirmed, short, shipped, on its way, returned."""
