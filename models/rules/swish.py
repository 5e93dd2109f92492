"""Forward-forward with a swish of the pair's goodness as loss (Ghader et al. 2025, arXiv 2502.20411), as three factors.

SymBa's loss (rule symba) pulls the goodness of the two phases apart for ever, if ever more weakly.  This one,
u*sigmoid(u) with u = -alpha*(g_positive - g_negative), has its minimum at u = -1.28: pairs that are further apart are
pushed back a little, so that the goodness stays bounded and what is known already changes little:

    dw = M * (dg/dx_post*z_pre of the positive phase - the same of the negative one)
    M = alpha*sigmoid(u)*(1 + u*(1 - sigmoid(u)))

M lies between -0.1*alpha and 1.1*alpha.  The goodness of the two phases comes to differ by about 1.28/alpha: a large
alpha makes a network of few spikes.

Ranges: alpha 0.5..6.
"""

base = "symba"
layer_at_epoch_end = """
M = alpha/(1 + exp(alpha*(g_last - g)))*(1 + alpha*(g - g_last)/(1 + exp(alpha*(g - g_last))))
"""
parameters = {"alpha": 1.0}
