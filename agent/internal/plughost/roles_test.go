package plughost

var roles = map[string]func(){}
