"""Assembly: command line, wiring, migrations, demo, doctor. The only room that knows all others."""
