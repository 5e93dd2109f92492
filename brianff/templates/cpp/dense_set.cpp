{# A statement for each of some synapses, or for those that meet a condition, once, outside of a simulation. #}
{% extends 'common_group.cpp' %}
{% from 'dense_indices.cpp' import synapse %}

{% block maincode %}
    {% set number = _group_idx ~ '[_k]' if _has_numbers else '_k' %}
    const size_t _vectorisation_idx = -1;
    const size_t _number_of_them = {{'_num_group_idx' if _has_numbers else _entries*_n_pre*_n_post}};
    {# Each piece of code has scalars of its own, under the same names. #}
    std::vector<char> _chosen(_number_of_them, true);
    {% if _has_condition %}
    {
        {{scalar_code['condition']|autoindent}}
        for (size_t _k = 0; _k < _number_of_them; _k++)
        {
            {{synapse(_n_pre, _n_post, number)}}
            {{vector_code['condition']|autoindent}}
            _chosen[_k] = _cond;
        }
    }
    {% endif %}
    {
        {{scalar_code['statement']|autoindent}}
        for (size_t _k = 0; _k < _number_of_them; _k++)
        {
            if (!_chosen[_k])
                continue;
            {{synapse(_n_pre, _n_post, number)}}
            {{vector_code['statement']|autoindent}}
        }
    }
{% endblock %}
