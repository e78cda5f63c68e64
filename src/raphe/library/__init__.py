"""The shelves: cited models as text files, and the catalog that finds them."""
