{# All processes wait for each other; at the first time there is one, which becomes many. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    if (!brianff::begun)
    {
        {% for variable in _shared %}
        brianff::share((void**)&{{get_array_name(variable, access_data=False)}}, {{variable.size}} * sizeof(*{{get_array_name(variable, access_data=False)}}));
        {% endfor %}
        brianff::begin();
    }
    brianff::wait();
{% endblock %}
