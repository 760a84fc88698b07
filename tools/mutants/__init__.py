"""Mutation testing: a sample of one-line faults, each of which some test has to notice: ``make mutants``.

cosmic-ray makes the faults, coverage.py knows which tests reach a line. What is here draws the sample, runs
those tests in a copy of the tree, and lists the faults that nobody noticed.
"""
