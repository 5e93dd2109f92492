"""Symmetric feedback: errors go back through the forward weights themselves, layer by layer.

The weight transport of backpropagation, which no synapse can do, without its spike-time factors: what feedback
alignment is measured against.
"""

backward = "delta_pre += w*delta_post"
