"""Stochastic gradient descent on the weight changes accumulated over a mini-batch, with weight decay."""

at_update = """
w += learning_rate_layer*(dw/samples_per_update_layer - weight_decay*w)
dw = 0
"""
parameters = {"weight_decay": 0.0}
