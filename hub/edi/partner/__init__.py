"""What counts between us and a trading partner."""
