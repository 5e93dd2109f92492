"""Stochastic gradient descent (Robbins & Monro 1951, Ann. Math. Stat. 22:400) with weight decay.

On the mean of the weight changes accumulated over a mini-batch; with clipping: sgd_momentum with momentum=0.

Ranges: weight_decay 0..0.1; its pull on a weight is learning_rate*weight_decay*w an update.
"""

at_update = """
w += learning_rate_layer*(dw/samples_per_update_layer - weight_decay*w)
dw = 0
"""
parameters = {"weight_decay": 0.0}
limits = "0 <= weight_decay <= 1000"
