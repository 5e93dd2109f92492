{# Statements for every neuron, entry by entry. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    for (size_t _entry_idx = 0; _entry_idx < {{_batch}}; _entry_idx++)
    {
        #pragma GCC ivdep
        for (size_t _idx = _entry_idx*{{_n_neurons}}; _idx < (_entry_idx + 1)*{{_n_neurons}}; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
