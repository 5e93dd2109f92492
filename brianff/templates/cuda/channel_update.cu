{# Code for every neuron, on variables of its own and of its channel; then code that runs once for each channel. #}
{# A thread owns a channel, and goes through all of its neurons in their order. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'batch_group.cu' %}
{% from 'conditions.cu' import commit_scalars, when_due %}
{% from 'kernels.cu' import kernel_head, launch_kernel %}

{% block kernels %}
{% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
{% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
{% set code = split(after_scalars(vector['update'], scalar['update']), ['_idx']) %}
{{kernel_head('_run_kernel', codeobj_name, kernel_lines)}}
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}
    const size_t _idx = blockIdx.x*blockDim.x + threadIdx.x;
    if (_idx >= {{_channels}})
        return;
    if (_due)
    {
        {{without_writes(scalar['update'])|autoindent}}
        {{code.before|autoindent}}
        for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
        for (size_t _row = _idx; _row < {{_n_pre}}; _row += {{_channels}})
        {
            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
            const size_t _vectorisation_idx = _presynaptic_idx;
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
    }
    {% if _has_then %}
    if (_then_due)
    {
        {{without_writes(scalar['then'])|autoindent}}
        {{after_scalars(vector['then'], scalar['then'])|autoindent}}
    }
    {% endif %}
}

{% if writes(scalar_code) %}
{{kernel_head('_commit', codeobj_name, kernel_lines)}}
    {{commit_scalars(scalar, _has_condition, _has_then, _has_then_condition)}}
}
{% endif %}
{% endblock %}

{% block launch %}
{% set threads = [32*((_channels + 31)//32), 128]|min %}
{{launch_kernel(codeobj_name, (_channels + threads - 1)//threads, threads, writes(scalar_code))}}
{% endblock %}
