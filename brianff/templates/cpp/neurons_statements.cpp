{# Statements for every neuron, entry by entry. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'processes.cpp' import own_entries with context %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {{own_entries()}}
    {
        #pragma GCC ivdep
        for (size_t _idx = _entry_idx*{{_n_neurons}}; _idx < (_entry_idx + 1)*{{_n_neurons}}; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
