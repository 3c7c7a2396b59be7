"""Who a person really is: documents, names, and the registers that confirm them."""
