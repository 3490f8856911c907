{{- define "drover.name" -}}
{{- if contains "drover" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-drover" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "drover.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "drover.name" .) .Values.serviceAccount.name }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "drover.selector" -}}
app.kubernetes.io/name: drover-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "drover.labels" -}}
{{ include "drover.selector" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: drover
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* "true" where an admission policy of this chart notes who wrote spec last, so that the operator can believe the note. */ -}}
{{- define "drover.notesUsers" -}}
{{- if and .Values.failureRoles.create (not .Values.watchNamespaces) (.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy") }}true{{ end }}
{{- end }}

{{- /* What the operator may do in a namespace whose Migrations it serves. */ -}}
{{- define "drover.rules" -}}
- apiGroups: [drover.dev]
  resources: [migrations]
  verbs: [get, list, watch, patch]
- apiGroups: [drover.dev]
  resources: [migrations/status]
  verbs: [patch]
- apiGroups: [drover.dev]
  resources: [migrations/finalizers]
  verbs: [update]
- apiGroups: [drover.dev]
  resources: [failedrecords]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [drover.dev]
  resources: [failedrecords/status]
  verbs: [get, patch, update]
- apiGroups: [drover.dev]
  resources: [failedrecords/finalizers]
  verbs: [update]
- apiGroups: [drover.dev]
  resources: [redrives]
  # Creates those of single records whose row is read again; "correct" is what the chart's policy asks of who does.
  verbs: [get, list, watch, create, patch, correct]
- apiGroups: [drover.dev]
  resources: [redrives/status]
  verbs: [get, patch, update]
- apiGroups: [drover.dev]
  resources: [redrives/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# Why does the worker of a Redrive not start?
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# Does a Secret that a connection names exist, with its keys? One at a time, by name.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get{{ if or .Values.nats.credentialsSecret.name .Values.nats.caSecret.name }}, create, patch{{ end }}]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
