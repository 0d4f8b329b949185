"""`firstline router …`, `encoder …`, `bench …` and `route`."""
