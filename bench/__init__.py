"""Measurements of the whole product and the material they need."""
