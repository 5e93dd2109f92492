{# Statements for every neuron, entry by entry. #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% from 'processes.cpp' import own_entries with context %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {# what is the same for all neurons of an entry; GCC does not see it #}
    {% set code = split(vector_code, ['_entry_idx']) %}
    {{own_entries()}}
    {
        {{code.before|autoindent}}
        #pragma GCC ivdep
        for (size_t _idx = _entry_idx*{{_n_neurons}}; _idx < (_entry_idx + 1)*{{_n_neurons}}; _idx++)
        {
            const size_t _vectorisation_idx = _idx;
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
        {% if _awaited and changes(vector_code, get_array_name(_awaited.variable)) %}
        {{get_array_name(_awaited.changes, access_data=False)}}[_entry_idx]++;  // the step has to look again
        {% endif %}
    }
{% endblock %}
