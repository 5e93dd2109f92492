{# Ends a compiled run before its compiled duration. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    if (_stop_now)
        Network::_globally_stopped = true;
{% endblock %}
