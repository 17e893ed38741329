using System.Management.Automation;
using System.Security;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Reports;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Tells of runs that have ended, as the notifications of their jobs say or as parameters say, and emits a <see cref="NotificationResult"/> for
/// each message.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "BackupNotification", DefaultParameterSetName = ByConfiguration, SupportsShouldProcess = true)]
[OutputType(typeof(NotificationResult))]
public sealed class SendBackupNotificationCommand : AsyncCmdlet
{
    private const string ByConfiguration = "Configuration";
    private const string ByWebhook = "Webhook";
    private const string ByPing = "Ping";
    private const string ByMail = "Email";

    private static readonly TimeSpan DigestPeriod = TimeSpan.FromDays(60);

    private readonly FileSystemPaths paths;
    private readonly InputErrors errors;
    private readonly ReportInput digest;

    /// <summary>Made by the engine, once for each command.</summary>
    public SendBackupNotificationCommand()
    {
        paths = new FileSystemPaths(this);
        errors = new InputErrors(this);
        digest = new ReportInput(errors);
    }

    /// <summary>
    /// What to tell of: a result of Invoke-RsyncToS3Backup, of one of its stages or of Test-Backup, or a run, test or repair from Get-BackupHistory, also
    /// as it comes back from another machine or a file. Differences that Test-Backup hands out before its result are in that. With -Digest also jobs, rows
    /// of reports and error records.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>One message for all that is given, with what is wrong in it, and by mail with the report.</summary>
    [Parameter]
    public SwitchParameter Digest { get; set; }

    /// <summary>With -Digest, machines of which something has to come.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[] ExpectedHost { get; set; } = [];

    /// <summary>The configuration whose notifications are sent. Default: that of the run.</summary>
    [Parameter(ParameterSetName = ByConfiguration)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string? ConfigPath { get; set; }

    /// <summary>Send also what a notification's <c>on</c> leaves out.</summary>
    [Parameter(ParameterSetName = ByConfiguration)]
    public SwitchParameter Force { get; set; }

    /// <summary>The address of a webhook.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByWebhook)]
    [SecretTransformation]
    [ValidateNotNull]
    public SecureString? WebhookUrl { get; set; }

    /// <summary>What the webhook receives. Default: Json.</summary>
    [Parameter(ParameterSetName = ByWebhook)]
    public NotificationFormat Format { get; set; }

    /// <summary>The address of a ping, without <c>/fail</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPing)]
    [SecretTransformation]
    [ValidateNotNull]
    public SecureString? PingUrl { get; set; }

    /// <summary>The mail server.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByMail)]
    [ValidateNotNullOrEmpty]
    public string? SmtpServer { get; set; }

    /// <summary>Its port. Default: 587, or 465 with Tls, or 25 with None.</summary>
    [Parameter(ParameterSetName = ByMail)]
    [ValidateRange(1, 65535)]
    public int SmtpPort { get; set; }

    /// <summary>How the connection to the mail server is encrypted. Default: StartTls.</summary>
    [Parameter(ParameterSetName = ByMail)]
    public SmtpSecurity SmtpSecurity { get; set; }

    /// <summary>The sender's address.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByMail)]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>The receivers' addresses.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByMail)]
    [ValidateNotNullOrEmpty]
    public string[] To { get; set; } = [];

    /// <summary>The user that logs in to the mail server. Default: nobody does.</summary>
    [Parameter(ParameterSetName = ByMail)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Allow a connection without encryption to a machine that is not this one.</summary>
    [Parameter(ParameterSetName = ByWebhook)]
    [Parameter(ParameterSetName = ByPing)]
    [Parameter(ParameterSetName = ByMail)]
    public SwitchParameter AllowInsecure { get; set; }

    /// <summary>How long one of three attempts may take: <c>30s</c>, or a TimeSpan. Default: 15 seconds.</summary>
    [Parameter(ParameterSetName = ByWebhook)]
    [Parameter(ParameterSetName = ByPing)]
    [Parameter(ParameterSetName = ByMail)]
    [DurationTransformation]
    public TimeSpan Timeout { get; set; } = NotificationOptions.DefaultTimeout;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            ParameterValues.Demand(nameof(SmtpServer), SmtpServer, KeyRule.MailServer);
            ParameterValues.Demand(nameof(From), From, KeyRule.MailAddress);
            foreach (string to in To)
                ParameterValues.Demand(nameof(To), to, KeyRule.MailAddress);
            if (Timeout <= TimeSpan.Zero)
            {
                throw new BackupException(
                    ParameterErrors.InvalidValue(nameof(Timeout), $"{Timeout}", "It is not positive.", KeyRule.Duration.Allowed));
            }

            if (ExpectedHost.Length > 0 && !Digest)
                throw new BackupException(ParameterErrors.ExpectedWithoutDigest());
        }
        catch (BackupException exception)
        {
            errors.Throw(exception.Error);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject input in InputObject)
        {
            if (Digest)
                errors.Try(() => digest.Add(input));
            else if (Emitted.KindOf(input) != EmittedKind.BackupDifference && errors.TryRead(() => Read(input)) is { } run)
                Tell(run);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (!Digest)
            return;
        digest.Expect(ExpectedHost);
        FleetReport report = digest.Build(DateTimeOffset.Now - DigestPeriod);
        // A success for nothing would be a good sign of nothing.
        if (report.Jobs.Count == 0)
            errors.Write(NotificationErrors.DigestEmpty());
        else if (errors.TryRead(() => ToldBy(RunReport.Of(report), null, null)) is { } run)
            Tell(run);
    }

    private void Tell(ToldRun run)
    {
        NotificationEvent what = run.Report.Event;
        List<NotificationOptions> chosen = [];
        foreach (NotificationOptions options in run.Notifications)
        {
            // The service that misses runs would take a test or a digest for one, and a run that was skipped or paused for a success.
            bool isUntold = run.Report.IsUntold;
            bool isForRunsAlone = options.Type == NotificationKind.Ping
                && (isUntold || run.Report.Kind != BackupRunKind.Backup || run.Report.Digest is not null);
            if (ParameterSetName == ByConfiguration && (isForRunsAlone || (!Force && (isUntold || !options.Tells(what)))))
                WriteVerbose($"{Describe(options)} is not told of '{RunSummary.Title(run.Report)}'.");
            else if (this.Agrees($"Tell of '{RunSummary.Title(run.Report)}': {Describe(options)}."))
                chosen.Add(options);
        }

        if (chosen.Count == 0)
            return;
        foreach (NotificationResult result in Run(activity: null, (observer, token) => SendAsync(chosen, run.Report, what, observer, token)))
        {
            if (result.Error is { } error)
                WriteError(error);
            WriteObject(result);
        }
    }

    private async Task<NotificationResult[]> SendAsync(
        List<NotificationOptions> chosen, RunReport report, NotificationEvent what, CmdletObserver observer, CancellationToken cancellationToken)
    {
        KnownSecrets secrets = new();
        NotificationSender sender = new(secrets);
        List<Task<NotificationResult>> sending = [];
        foreach (NotificationOptions options in chosen)
        {
            try
            {
                NotificationTarget target = await TargetAsync(options, secrets, observer, cancellationToken).ConfigureAwait(false);
                sending.Add(sender.SendAsync(target, report, what, cancellationToken));
            }
            catch (BackupException exception)
            {
                sending.Add(Task.FromResult(NotificationSender.Unsendable(options, report, what, exception.Error)));
            }
        }

        return await Task.WhenAll(sending).ConfigureAwait(false);
    }

    private Task<NotificationTarget> TargetAsync(
        NotificationOptions options, KnownSecrets secrets, CmdletObserver observer, CancellationToken cancellationToken) => ParameterSetName switch
        {
            ByWebhook => Task.FromResult(NotificationTarget.OfAddress(options, SecretStore.Plain(WebhookUrl!), "-WebhookUrl", secrets)),
            ByPing => Task.FromResult(NotificationTarget.OfAddress(options, SecretStore.Plain(PingUrl!), "-PingUrl", secrets)),
            ByMail => Task.FromResult(NotificationTarget.OfMail(options, Credential?.GetNetworkCredential().Password, secrets)),
            _ => NotificationTarget.FindAsync(options, observer, secrets, cancellationToken),
        };

    private ToldRun Read(PSObject item)
    {
        // What lost its type is in the history; a run of another machine is not, and is what it says. Its file is not one of this machine,
        // whatever its path.
        BackupRun? recorded = item.BaseObject is PSCustomObject ? RecordedRun.Find(item) : null;
        bool isOfHere = recorded is not null || item.BaseObject is not PSCustomObject;
        return (recorded ?? ReturnedObject.Read(item)) switch
        {
            BackupResult result => ToldBy(RunReport.From(result, result.Stage1.Configuration?.Path), result.Stage1.Configuration, null),
            BackupRun { Status: null } run => throw new BackupException(ParameterErrors.RunNotEnded(run.Name, run.RunId)),
            BackupRun run => ToldBy(RunReport.From(run), null, isOfHere ? run.ConfigurationPath : null),
            BackupTestResult test when (isOfHere ? RecordedRun.Find(item)?.ConfigurationPath : null) is var origin => ToldBy(RunReport.From(test, origin), null, origin),
            RsyncStageResult stage => ToldBy(RunReport.From(stage), stage.Configuration, null),
            S3SyncStageResult stage => ToldBy(RunReport.From(stage), null, null),
            _ => throw new BackupException(ParameterErrors.NotAResult(Emitted.NameOf(item))),
        };
    }

    /// <summary>A message, and who is told by whose configuration.</summary>
    /// <param name="report">The message.</param>
    /// <param name="ofRun">The configuration of the run; null where it is not known.</param>
    /// <param name="path">Its file; null where it is not known.</param>
    private ToldRun ToldBy(RunReport report, BackupConfiguration? ofRun, string? path)
    {
        if (ParameterSetName != ByConfiguration)
            return new ToldRun(report, [FromParameters()]);
        BackupConfiguration? configuration =
            ConfigPath is { } given ? ConfigurationReader.Load(paths.Resolve(given))
            : path is not null ? JobInput.LoadRecorded(report.Name, path)
            : ofRun;
        if (configuration is null && report.Digest is not null)
            throw new BackupException(NotificationErrors.DigestNotConfigured());
        if (configuration is null)
            throw new BackupException(NotificationErrors.NotConfigured(report.Name, "what is known of it names no configuration file."));
        if (configuration.Notifications.Count == 0)
            throw new BackupException(NotificationErrors.NotConfigured(report.Name, "the job has no notifications."));
        return new ToldRun(report, configuration.Notifications);
    }

    private NotificationOptions FromParameters() => new()
    {
        Type = ParameterSetName switch
        {
            ByWebhook => NotificationKind.Webhook,
            ByPing => NotificationKind.Ping,
            _ => NotificationKind.Email,
        },
        Format = Format,
        SmtpServer = SmtpServer,
        SmtpPort = SmtpPort == 0 ? null : SmtpPort,
        SmtpSecurity = SmtpSecurity,
        From = From,
        To = To,
        UserName = Credential?.UserName,
        AllowInsecure = AllowInsecure,
        Timeout = Timeout,
    };

    /// <summary>Who is told, without any secret and without asking for one.</summary>
    private static string Describe(NotificationOptions options)
    {
        string? where = options.SmtpServer ?? options.UrlVariable ?? options.UrlSecret
            ?? (options.Url is { } url ? new Uri(url).GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : null);
        string kind = options.Type switch
        {
            NotificationKind.Email => "Mail to " + string.Join(", ", options.To) + " by",
            _ => options.Type.ToString(),
        };
        return $"{kind} {where}".TrimEnd();
    }

    private sealed record ToldRun(RunReport Report, IReadOnlyList<NotificationOptions> Notifications);
}
