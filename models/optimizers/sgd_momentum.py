"""Stochastic gradient descent with momentum (Sutskever et al. 2013, ICML 28:1139, classical momentum) and weight decay.

The weight change of a mini-batch is clipped to [-clip_at, clip_at] in every synapse; `weight_decay` pulls weights
towards 0, decoupled from the momentum (Loshchilov & Hutter 2019).  The learning rate multiplies the velocity, not what
is added to it.

Ranges: momentum 0..0.99, clip_at 0.01..10, weight_decay 0..0.1.
"""

synapse = "velocity : 1                      # running sum of weight changes"
at_update = """
velocity = momentum*velocity + clip(dw/samples_per_update_layer, -clip_at, clip_at)
w += learning_rate_layer*(velocity - weight_decay*w)
dw = 0
"""
parameters = {"momentum": 0.9, "clip_at": 1.0, "weight_decay": 0.0}
limits = """
0 <= momentum < 1
0 < clip_at <= 1e6
0 <= weight_decay <= 1000
"""
