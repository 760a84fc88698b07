"""How servers of different generations and editions differ, as far as it is known."""
