"""Checks judged by hand-made and doctored evidence, a module for each section of rules."""
