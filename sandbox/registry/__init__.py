"""The registers of people a real-name check asks, behind the clouds' own wire formats."""
