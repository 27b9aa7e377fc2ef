"""What the hub owes others: rendered, sealed, delivered once, and what follows from its receipt."""
