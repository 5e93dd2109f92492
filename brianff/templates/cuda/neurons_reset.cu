{# Statements at a spike. #}
{# USES_VARIABLES { N, _fired } #}
{% extends 'batch_group.cu' %}
{% from 'kernels.cu' import kernel_head, launch_neurons %}

{% block kernels %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _entry_idx = blockIdx.y;
    const int _k = blockIdx.x*blockDim.x + threadIdx.x;
    if (_k >= {{_n_neurons}})
        return;
    const unsigned int _bits = {{_fired}}[_entry_idx*{{(_n_neurons + 31)//32}} + _k/32];
    if (!(_bits >> (_k % 32) & 1u))
        return;
    const size_t _idx = _entry_idx*{{_n_neurons}} + _k;
    const size_t _vectorisation_idx = _idx;
    // scalar code
    {{scalar_code|autoindent}}
    {
        {{vector_code|autoindent}}
    }
}
{% endblock %}

{% block launch %}
{{launch_neurons(codeobj_name, _n_neurons, _batch, false)}}
{% endblock %}
