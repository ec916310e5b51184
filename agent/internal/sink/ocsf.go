package sink

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/event"
)

// ocsfVersion is the schema that lines keep to: https://schema.ocsf.io/1.5.0.
const ocsfVersion = "1.5.0"

// The classes of OCSF that events become.
const (
	classDetectionFinding     = 2004 // what policies found: findings, alerts, first looks
	classEntityManagement     = 3004 // what people decided
	classApplicationLifecycle = 6002 // how the agent is
	classApplicationError     = 6008 // what it could not do
	classRemediation          = 7001 // what it did about it
)

var (
	classNames = map[int]string{ //nolint:gochecknoglobals // a table
		classDetectionFinding: "Detection Finding", classEntityManagement: "Entity Management",
		classApplicationLifecycle: "Application Lifecycle", classApplicationError: "Application Error", classRemediation: "Remediation Activity",
	}
	categoryNames = map[int]string{ //nolint:gochecknoglobals // a table
		2: "Findings", 3: "Identity & Access Management", 6: "Application Activity", 7: "Remediation",
	}
	ocsfSeverities = map[string]named{ //nolint:gochecknoglobals // a table
		"info": {1, "Informational"}, "low": {2, "Low"}, "medium": {3, "Medium"}, "high": {4, "High"}, "critical": {5, "Critical"},
	}
)

// named is a number of OCSF with its caption.
type named struct {
	id   int
	name string
}

const other = 99

// emailAddress is what OCSF takes for one.
var emailAddress = regexp.MustCompile(`^[a-zA-Z0-9!#$%&'*+\-/=?^_{|}~.]+@[a-zA-Z0-9.\-]+\.[a-zA-Z]{2,}$`)

// ocsf is an event as a line of OCSF.
func ocsf(i item, version string) object {
	switch i.What {
	case event.ActionProposed, event.ActionSettled, event.ActionUnsure:
		return remediation(i, version)
	case event.DecisionMade:
		return decision(i, version)
	case event.HealthChanged:
		return lifecycle(i, version)
	case event.PolicyFailed:
		return failed(i, version)
	}
	return detection(i, version)
}

// base is what all classes have.
func base(i item, version string, class int, activity, status named) object {
	severity, ok := ocsfSeverities[i.Severity]
	if !ok {
		severity = named{1, "Informational"}
	}
	o := object{
		"activity_id": activity.id, "activity_name": activity.name,
		"category_uid": class / 1000, "category_name": categoryNames[class/1000],
		"class_uid": class, "class_name": classNames[class],
		"type_uid": class*100 + activity.id, "type_name": classNames[class] + ": " + activity.name,
		"severity_id": severity.id, "severity": severity.name,
		"status_id": status.id, "status": status.name,
		"time": i.Time.UnixMilli(),
	}
	set(o, "message", i.Title)
	set(o, "status_detail", i.Reason)
	metadata := object{"version": ocsfVersion, "product": product(version), "sequence": i.sequence, "log_name": "mooring"}
	set(metadata, "uid", i.ID)
	set(metadata, "event_code", string(i.What))
	set(metadata, "correlation_uid", i.Subject)
	o["metadata"] = metadata
	return o
}

func product(version string) object {
	p := object{"name": "Mooring", "vendor_name": "Mooring", "uid": "mooring"}
	set(p, "version", version)
	return p
}

// set leaves out what is empty.
func set(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

// unmapped keeps what the class has no place for.
func unmapped(o object, values map[string]string) {
	rest := object{}
	for name, value := range values {
		set(rest, name, value)
	}
	if len(rest) > 0 {
		o["unmapped"] = rest
	}
}

func detection(i item, version string) object {
	activity := named{2, "Update"}
	switch i.What {
	case event.FindingOpened, event.AlertOpened, event.Baseline:
		activity = named{1, "Create"}
	case event.FindingClosed, event.AlertClosed:
		activity = named{3, "Close"}
	}
	status := named{1, "New"}
	switch {
	case activity.id == 3, i.State == "resolved", i.State == "closed":
		status = named{4, "Resolved"}
	case i.What == event.Baseline || i.Baseline || i.State == "observe" || i.State == "baseline":
		status = named{3, "Suppressed"}
	case activity.id == 2:
		status = named{2, "In Progress"}
	}
	o := base(i, version, classDetectionFinding, activity, status)
	o["is_alert"] = i.What == event.AlertOpened
	info := object{"uid": cmp.Or(i.Alert, i.Subject, i.ID), "created_time": i.Time.UnixMilli()}
	if activity.id != 1 {
		delete(info, "created_time")
		info["modified_time"] = i.Time.UnixMilli()
	}
	set(info, "title", i.Title)
	set(info, "desc", i.Reason)
	set(info, "product_uid", "mooring")
	if i.Policy != "" {
		info["analytic"] = object{"type_id": 1, "type": "Rule", "name": i.Policy, "uid": i.Policy}
	}
	if i.Count > 0 {
		info["related_events_count"] = i.Count
	}
	if i.Instance != "" {
		info["data_sources"] = []string{i.Instance}
	}
	o["finding_info"] = info
	if i.Ref != "" {
		o["resources"] = []object{resource(i)}
	}
	if data := asObject(i.Evidence); data != nil {
		o["evidences"] = []object{{"name": "evidence", "data": data}}
	}
	unmapped(o, map[string]string{
		"group": i.Group, "state": i.State, "actor": i.Actor, "people": strings.Trim(strings.Join(i.People, ", "), ", "),
	})
	return o
}

// resource is the record that an event is about.
func resource(i item) object {
	r := object{"uid": i.Ref}
	if parts := strings.SplitN(i.Ref, "/", 4); len(parts) == 4 {
		set(r, "type", parts[2])
	}
	set(r, "namespace", i.Instance)
	data := asObject(i.Record)
	if data != nil {
		r["data"] = data
		if name, ok := data["name"].(string); ok {
			set(r, "name", name)
		}
	}
	if len(i.People) > 0 && i.People[0] != "" {
		r["owner"] = user(i.People[0])
	}
	return r
}

func user(address string) object {
	u := object{"name": address}
	if emailAddress.MatchString(address) {
		u["email_addr"] = address
	}
	return u
}

// asObject gives JSON as an object; nil when it is none.
func asObject(raw json.RawMessage) object {
	var o object
	if len(raw) == 0 || json.Unmarshal(raw, &o) != nil || len(o) == 0 {
		return nil
	}
	return o
}

// activities of MITRE D3FEND, as far as actions are one of them.
var countermeasures = map[string]named{ //nolint:gochecknoglobals // a table
	"quarantine": {1, "Isolate"}, "suspend": {2, "Evict"}, "deactivate": {2, "Evict"}, "remove": {2, "Evict"}, "revoke": {2, "Evict"},
	"terminate": {2, "Evict"}, "block": {1, "Isolate"}, "make": {4, "Harden"}, "expire": {4, "Harden"}, "reset": {4, "Harden"},
	"restore": {3, "Restore"}, "unsuspend": {3, "Restore"}, "undo": {3, "Restore"}, "reinvite": {3, "Restore"},
}

func remediation(i item, version string) object {
	verb, _, _ := strings.Cut(i.Action, "_")
	activity, ok := countermeasures[verb]
	if !ok {
		activity = named{other, cmp.Or(i.Action, "Other")}
	}
	o := base(i, version, classRemediation, activity, actionStatus(i))
	o["command_uid"] = cmp.Or(i.Intent, i.Subject, i.ID)
	o["remediation"] = object{"desc": cmp.Or(i.Title, i.Action, string(i.What))}
	unmapped(o, map[string]string{
		"action": i.Action, "target": i.Ref, "instance": i.Instance, "policy": i.Policy, "actor": i.Actor, "state": i.State, "alert": i.Alert,
	})
	return o
}

// actionStatus: only what was surely done is a success, and only what surely was not a failure.
func actionStatus(i item) named {
	if i.What == event.ActionProposed {
		return named{other, "Proposed"}
	}
	switch i.State {
	case "done", "already", "applied", "succeeded":
		return named{1, "Success"}
	case "refused", "failed":
		return named{2, "Failure"}
	case "gone", "absent":
		return named{3, "Does Not Exist"}
	case "unsure", "unknown", "stuck":
		return named{0, "Unknown"}
	}
	if i.What == event.ActionUnsure {
		return named{0, "Unknown"}
	}
	return named{other, cmp.Or(i.State, "Other")}
}

func decision(i item, version string) object {
	activity := map[string]named{"revoked": {4, "Delete"}, "expired": {9, "Disable"}}[i.State]
	if activity.id == 0 {
		activity = named{1, "Create"}
	}
	o := base(i, version, classEntityManagement, activity, named{1, "Success"})
	o["entity"] = object{"name": cmp.Or(i.Title, i.Subject, i.ID), "uid": cmp.Or(i.Subject, i.ID), "type": "decision"}
	set(o, "comment", i.Reason)
	if i.Actor != "" {
		o["actor"] = object{"user": user(i.Actor)}
	}
	unmapped(o, map[string]string{
		"policy": i.Policy, "ref": i.Ref, "alert": i.Alert, "state": i.State, "instance": i.Instance,
	})
	return o
}

func lifecycle(i item, version string) object {
	status := named{2, "Failure"}
	if i.State == "ok" {
		status = named{1, "Success"}
	}
	o := base(i, version, classApplicationLifecycle, named{other, "Health Changed"}, status)
	app := product(version)
	app["feature"] = object{"name": cmp.Or(strings.TrimPrefix(i.Subject, "health/"), "agent")}
	o["app"] = app
	unmapped(o, map[string]string{
		"state": i.State, "instance": i.Instance,
	})
	return o
}

func failed(i item, version string) object {
	o := base(i, version, classApplicationError, named{1, "General Error"}, named{2, "Failure"})
	unmapped(o, map[string]string{
		"policy": i.Policy, "ref": i.Ref, "instance": i.Instance,
	})
	return o
}
