"""Stories over HTTP, told by the people in them."""
