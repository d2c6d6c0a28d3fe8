"""What the authorisation matrix is made of: everybody there can be, a desk to try things on, and who may do what."""
