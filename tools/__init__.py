"""What `make lint` needs and no library has."""
