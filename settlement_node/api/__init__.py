"""What homes, witnesses and operators ask of a node, over HTTP."""
