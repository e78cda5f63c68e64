"""Other people's formats <-> Model."""
