"""What two real servers answered, and how to ask another one the same; see the README beside this."""
