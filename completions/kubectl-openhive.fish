# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kubectl_openhive_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_kubectl_openhive_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kubectl_openhive_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kubectl_openhive_using_subcommand
    set -l cmd (__fish_kubectl_openhive_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -s V -l version -d 'Print version'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "init" -d 'Write a values file: asks on a terminal, generates the secrets'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "validate" -d 'Check a values file; every problem at once'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "render" -d 'Print the manifests that an installation would apply; reads no kubeconfig'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "completion" -d 'Print a completion script'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "verify-netpol" -d 'Check who may talk to whom, in manifests, in what a values file renders to, or in a cluster'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "plan" -d 'Show what install would change; no write reaches the cluster'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "install" -d 'Install, upgrade, or repair the platform'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "status" -d 'Show what runs, and what is wrong with it'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_needs_command" -f -a "version" -d 'Print the version of the client and of the cluster'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -s o -l output -d 'The file to write; an existing one is never overwritten' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l profile -d 'What the values are to install' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l tag -d 'Tag of all images, such as v1.4.0' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l registry -d 'Where the images are' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l host -d 'DNS name under which people open the dashboard' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l ingress-class -d 'IngressClass [default: nginx]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l tls-secret -d 'Secret with the host\'s certificate [default: openhive-tls]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l cluster-issuer -d 'cert-manager ClusterIssuer that makes the certificate [default: none]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-url-file -d 'File with the database\'s whole URL, or - for standard input' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-host -d 'Host of the PostgreSQL server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-port -d 'Port of the PostgreSQL server [default: 5432]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-name -d 'Name of the database [default: hive]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-user -d 'User of the database [default: hive]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l database-password-file -d 'File with the database user\'s password as it is, or - for standard input' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l admin-username -d 'Name of the first administrator [default: admin]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l admin-password-file -d 'File with the first administrator\'s password, or - for standard input; otherwise generated' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l set -d 'Set one more key that is not secret; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -l profile -d 'What the values are to install' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -s o -l output -d 'Output format' -r -f -a "json\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -l profile -d 'How much of the platform' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s o -l output -d 'Output format' -r -f -a "yaml\t'A stream of YAML documents'
json\t'One JSON object of kind `List`'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -l output-dir -d 'Write one file an object and a kustomization.yaml into this folder, instead of printing' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -l show-secrets -d 'Include the Secrets, which are left out otherwise'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s y -l yes -d 'Show secrets also where no person is at the terminal'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand completion" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand completion" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand completion" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l manifests -d 'Folder or file with manifests, or - for standard input; repeat for several' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l profile -d 'How much of the platform [default: platform; of a cluster without -f what is installed]' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s n -l default-namespace -d 'Namespace of objects that name none' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l cni -d 'Network plugin that decides what the API leaves open' -r -f -a "cilium\t''
calico\t''
none\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l pod-cidr -d 'Where the addresses of pods are; repeat for several [default: the private ranges]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l external -d 'An address of the internet that has to be reached on port 443' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l probe-image -d 'Image of probe pods, with python3 in it [default: the running agent\'s]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l service-cidr -d 'Where the addresses of Services are, for lints; repeat for several [default: told from the Services of the input]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l expect -d 'What is meant to be open and closed, instead of the platform\'s table' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l print-rbac -d 'Print the least rights that it needs as manifests, and end; reads no kubeconfig' -r -f -a "static\t'Reads policies, pods, and what else decides'
live\t'Sends packets from the pods that run'
probing\t'Creates probe pods where no running one can send or receive'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l fail-on -d 'Lint from which on the run fails' -r -f -a "error\t''
warning\t''
note\t''
never\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l baseline -d 'Findings that are known: only others fail; -o baseline writes a first one' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s o -l output -d 'Output format, to a file or to standard output; repeat for several [default: table]' -r -f -a "table\t'For people'
json\t'Evidence: every flow, every finding'
junit\t'A test case a flow'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
markdown\t'For a comment on a pull request'
dot\t'A picture, for Graphviz'
svg\t'A picture'
baseline\t'What fails now, for --baseline'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l skip-invalid -d 'Go on without policies that the API server would refuse'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l allow-empty -d 'Accept an input without pods or without policies'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l live -d 'Send packets too: prove that policies are enforced, then try every flow from the pods'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l strict -d 'Fail where something is not proven [default: in CI, or where stdout is no terminal]'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -l no-strict -d 'Do not; wins over --strict'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -f -a "connections" -d 'List every connection that the policies allow'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and not __fish_seen_subcommand_from connections explain" -f -a "explain" -d 'Tell whether one connection is allowed, by which policy and rule, and what would open it'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l manifests -d 'Folder or file with manifests, or - for standard input; repeat for several' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l profile -d 'How much of the platform [default: platform; of a cluster without -f what is installed]' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s n -l default-namespace -d 'Namespace of objects that name none' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l cni -d 'Network plugin that decides what the API leaves open' -r -f -a "cilium\t''
calico\t''
none\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l pod-cidr -d 'Where the addresses of pods are; repeat for several [default: the private ranges]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l from -d 'Only from NAMESPACE/POD, NAMESPACE/KIND/NAME, an address, a CIDR, or a namespace; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l to -d 'Only to one of these, written alike' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l port -d 'Only this port of the destination\'s pod, as 80 or 53/udp; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l namespace -d 'Only flows with an end in this namespace; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l by -d 'List what a controller made as one [default for csv: workload]' -r -f -a "workload\t'The top-most controller that is in the input'
owner\t'The controller that a pod names'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l service-cidr -d 'Where the addresses of Services are, for lints; repeat for several [default: told from the Services of the input]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l against -d 'List what opens and closes from this other input to the one that is checked: a folder or file, or the cluster (./cluster is a file)' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s o -l output -d 'Output format' -r -f -a "table\t'For people'
json\t'`openhive.io/connections/v1`, or `openhive.io/connections-explained/v1`'
csv\t'RFC 4180'
expect\t'A file for --expect: what is open now is meant to be, and nothing else'
dot\t'For Graphviz'
svg\t'A picture'
markdown\t'For a pull request, with --against'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l skip-invalid -d 'Go on without policies that the API server would refuse'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l allow-empty -d 'Accept an input without pods or without policies'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l explain -d 'Tell of every pair, denied ones too, which policies and rules decide on both sides'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l ungrouped -d 'List pods one by one instead of in groups that behave alike'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l exit-code -d 'With --against: exit with 2 where a flow opens or closes, and with 10 where nothing does but not everything could be read'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -l known-only -d 'Leave out pods that are not in the input'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from connections" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l manifests -d 'Folder or file with manifests, or - for standard input; repeat for several' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l profile -d 'How much of the platform [default: platform; of a cluster without -f what is installed]' -r -f -a "baseline\t'Namespaces, health-only workloads, Services, claim, policies'
gateway\t'The real Gateway with account, RBAC, secrets, and wider policies'
platform\t'The above with Dashboard and Ingress'
migration\t'The migration Job with what it needs'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s n -l default-namespace -d 'Namespace of objects that name none' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l cni -d 'Network plugin that decides what the API leaves open' -r -f -a "cilium\t''
calico\t''
none\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l pod-cidr -d 'Where the addresses of pods are; repeat for several [default: the private ranges]' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s o -l output -d 'Output format' -r -f -a "table\t'For people'
json\t'The answer with every policy and rule'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l skip-invalid -d 'Go on without policies that the API server would refuse'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l allow-empty -d 'Accept an input without pods or without policies'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand verify-netpol; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l profile -d 'How much of the platform' -r -f -a "platform\t'Everything, with Dashboard and Ingress'
gateway\t'Without Dashboard and Ingress'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s o -l output -d 'Output format' -r -f -a "table\t'For people'
json\t'The whole plan, with a schema version'
markdown\t'For a comment on a pull request'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l against -d 'Compare with manifests in a file, a folder, or standard input (-); implies --offline' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s n -l namespace -d 'Refused: the three namespaces are fixed' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l exit-code -d 'End with exit code 2 where there are differences'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l diff -d 'Show every changed object line by line'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l force-conflicts -d 'Take fields over that other managers own'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l recreate -d 'Delete and create workloads whose selector has to change'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l offline -d 'Compare with nothing; reads no kubeconfig'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s f -l values -d 'Values file, or - for standard input; repeat for layers, later ones win [env: OPENHIVE_VALUES]' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l set -d 'Set one key that is not secret, over every file; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l profile -d 'How much of the platform' -r -f -a "platform\t'Everything, with Dashboard and Ingress'
gateway\t'Without Dashboard and Ingress'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l timeout -d 'How long the rollouts may take' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l migration-timeout -d 'How long the migration is waited for; it is never stopped' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l progress -d 'How progress is shown' -r -f -a "auto\t'A live view on a terminal, plain lines elsewhere'
plain\t'One line for each event that matters, with the time'
json\t'One JSON object for each event, on standard error'
none\t'Nothing'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s n -l namespace -d 'Refused: the three namespaces are fixed' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s y -l yes -d 'Do not ask'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l force-conflicts -d 'Take fields over that other managers own'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l recreate -d 'Delete and create workloads whose selector has to change; their pods stop meanwhile'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s o -l output -d 'Output format' -r -f -a "table\t''
json\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s n -l namespace -d 'Refused: the three namespaces are fixed' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s o -l output -d 'Output format' -r -f -a "json\t''"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l kubeconfig -d 'Path to the kubeconfig file; otherwise KUBECONFIG (a list), otherwise ~/.kube/config' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l context -d 'The kubeconfig context to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l cluster -d 'The kubeconfig cluster to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l user -d 'The kubeconfig user to use' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s s -l server -d 'Address and port of the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l tls-server-name -d 'Server name to check the server\'s certificate against' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l certificate-authority -d 'Path to a certificate file of the certificate authority' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l client-certificate -d 'Path to a client certificate file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l client-key -d 'Path to a client key file for TLS' -r -F
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l token -d 'Bearer token for authentication to the API server' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l as -d 'User to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l as-uid -d 'UID to impersonate' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l as-group -d 'Group to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l as-user-extra -d 'Extra KEY=VALUE to impersonate; repeat for several' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l request-timeout -d 'Time for one request, such as 15s or 1m; 0 for no limit' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s n -l namespace -d 'Refused: the three namespaces are fixed' -r
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` wins'
always\t'Always'
never\t'Never'"
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l client -d 'Of the client only; reads no kubeconfig'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -l insecure-skip-tls-verify -d 'Do not check the server\'s certificate'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s q -l quiet -d 'Print data and errors only'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s v -l verbose -d 'Log what the client does; repeat for more'
complete -c kubectl-openhive -n "__fish_kubectl_openhive_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
