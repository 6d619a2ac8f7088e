"""Tables in, tables out: comparison and summary of outcomes."""
