"""Stochastic gradient descent on the weight changes accumulated over a mini-batch."""

at_update = """
w += learning_rate_layer*dw/samples_per_update_layer
dw = 0
"""
parameters = {}
