"""The command `pushwire`: one module for each subcommand, and helpers.

All of it is private to Pushwire; its interface is the command.
"""
