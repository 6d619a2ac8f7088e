"""The verbs of the command line, one module each; nothing here decides a simulated number."""
