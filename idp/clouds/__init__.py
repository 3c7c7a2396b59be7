"""How the big clouds are called, whatever the product: their envelopes and signatures."""
