{# Statements for every neuron. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'kernels.cu' import kernel_head, commit, launch_neurons %}

{% block kernels %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _entry_idx = blockIdx.y;
    const int _k = blockIdx.x*blockDim.x + threadIdx.x;
    if (_k >= {{_n_neurons}})
        return;
    const size_t _idx = _entry_idx*{{_n_neurons}} + _k;
    const size_t _vectorisation_idx = _idx;
    // scalar code
    {{without_writes(scalar_code)|autoindent}}
    {
        {{after_scalars(vector_code, scalar_code)|autoindent}}
    }
}
{% if writes(scalar_code) %}
{{commit(codeobj_name, kernel_lines, scalar_code)}}
{% endif %}
{% endblock %}

{% block launch %}
{{launch_neurons(codeobj_name, _n_neurons, _batch, writes(scalar_code))}}
{% endblock %}
