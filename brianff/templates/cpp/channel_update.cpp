{# Code for every neuron, on variables of its own and of its channel; then code that runs once for each channel. #}
{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import when_due with context %}
{% from 'processes.cpp' import alone, entries, together with context %}

{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}
    {{together(_shared_out)}}
    if (_due)
    {
        {{scalar['update']|autoindent}}
        {{alone(_shared_out)}}
        {{entries(_shared_out)}}
        for (size_t _first = 0; _first < {{_n_pre}}; _first += {{_channels}})
        {
            #pragma GCC ivdep
            for (size_t _idx = 0; _idx < {{_channels}}; _idx++)
            {
                const size_t _row = _first + _idx;
                const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                const size_t _vectorisation_idx = _presynaptic_idx;
                {{vector['update']|autoindent}}
            }
        }
    }
    {% if _has_then %}
    if (_then_due)
    {
        {{scalar['then']|autoindent}}
        {{alone(_shared_out)}}
        {
            #pragma GCC ivdep
            for (size_t _idx = 0; _idx < {{_channels}}; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector['then']|autoindent}}
            }
        }
    }
    {% endif %}
    {{together(_shared_out)}}
{% endblock %}
