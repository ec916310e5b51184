package githubtest

// addWrites adds the calls that change something. They need more than those that read.
func addWrites(add func(string, need, func(*call)) *route) {
	owner := func(perm string, scopes ...string) need { return need{perm: perm, scopes: scopes, role: "admin"} }
	hidden := func(n need) need { n.hide = true; return n }
	jwtOnly, appOnly := need{only: []kind{jwt}}, need{perm: "organization_personal_access_tokens=write", only: []kind{installed}}

	members := owner("members=write", "admin:org")
	add("PUT /orgs/{org}/memberships/{username}", members, (*call).putMembership)
	add("DELETE /orgs/{org}/memberships/{username}", members, (*call).deleteMembership)
	team := hidden(owner("members=write", "admin:org"))
	add("PUT /orgs/{org}/teams/{team_slug}/memberships/{username}", team, (*call).putTeamMembership)
	add("DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}", team, (*call).deleteTeamMembership)
	add("DELETE /orgs/{org}/outside_collaborators/{username}", members, (*call).deleteOutside)

	blocks := hidden(owner("organization_user_blocking=write", "admin:org"))
	add("GET /orgs/{org}/blocks/{username}", hidden(owner("organization_user_blocking=read", "admin:org")), (*call).getBlock)
	add("PUT /orgs/{org}/blocks/{username}", blocks, (*call).putBlock)
	add("DELETE /orgs/{org}/blocks/{username}", blocks, (*call).deleteBlock)

	add("POST /orgs/{org}/personal-access-tokens/{pat_id}", appOnly, (*call).postPAT)
	credential := owner("organization_administration=write", "admin:org")
	credential.plan = Enterprise
	add("DELETE /orgs/{org}/credential-authorizations/{credential_id}", credential, (*call).deleteCredential)
	add("PUT /app/installations/{installation_id}/suspended", jwtOnly, (*call).putSuspended)
	add("DELETE /app/installations/{installation_id}/suspended", jwtOnly, (*call).deleteSuspended)

	admin := need{perm: "administration=write", scopes: repoRead, role: "admin"}
	add("PATCH /repos/{owner}/{repo}", admin, (*call).patchRepo)
	add("PUT /repos/{owner}/{repo}/collaborators/{username}", admin, (*call).putCollaborator)
	add("GET /repos/{owner}/{repo}/invitations", hidden(need{perm: "administration=read", scopes: repoRead, role: "admin"}), (*call).getRepoInvitations)
	add("POST /repos/{owner}/{repo}/keys", hidden(admin), (*call).postDeployKey)
	add("DELETE /repos/{owner}/{repo}/keys/{key_id}", hidden(admin), (*call).deleteDeployKey)
	content := need{perm: "contents=write", scopes: repoRead, role: "admin"}
	add("PUT /repos/{owner}/{repo}/contents/{path...}", content, (*call).putContents)
	add("DELETE /repos/{owner}/{repo}/contents/{path...}", content, (*call).deleteContents)
}
