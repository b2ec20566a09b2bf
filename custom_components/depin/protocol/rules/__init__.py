"""What holds in a market: its parameters, each within its bounds."""
