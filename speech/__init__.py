"""How the demo speech model is made, from text to a Vosk model directory. Developer tooling, not part of the product."""
