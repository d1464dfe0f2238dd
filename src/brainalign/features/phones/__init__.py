"""Features of phones, and the inventories that they are of."""
