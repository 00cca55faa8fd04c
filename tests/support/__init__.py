"""What the demo and the end-to-end tests are made of: a served AWS, Lambda's emulator, and the world around them."""
