using System.Management.Automation;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Reports;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that report how jobs fare: those of this machine, or those whose results come by the pipeline.</summary>
public abstract class ReportCmdlet : AsyncCmdlet
{
    private protected const string ByInput = "InputObject";

    private static readonly TimeSpan Period = TimeSpan.FromDays(60);

    private readonly ReportInput input;

    private protected ReportCmdlet()
    {
        Errors = new InputErrors(this);
        input = new ReportInput(Errors);
    }

    /// <summary>
    /// What says how jobs fare: results, tests, runs of histories, jobs, rows of earlier reports, in any mixture, also as they come back from other
    /// machines, from jobs of PowerShell, and from files; and error records.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInput)]
    [AllowNull]
    [AllowEmptyCollection]
    public PSObject?[] InputObject { get; set; } = [];

    /// <summary>Machines of which something has to come; those of which nothing came become rows. As for ssh: <c>user@nas</c>.</summary>
    [Parameter]
    [ValidateNotNull]
    public string[] ExpectedHost { get; set; } = [];

    /// <summary>Leaves out runs that started before. Default: 60 days ago.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset Since { get; set; } = DateTimeOffset.Now - Period;

    /// <summary>Tells what is wrong with the input.</summary>
    private protected InputErrors Errors { get; }

    /// <summary>The jobs that are named; none: all.</summary>
    private protected abstract IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (PSObject? item in InputObject ?? [])
        {
            if (item is not null)
                Errors.Try(() => input.Add(item));
        }
    }

    /// <summary>The report of all that was given.</summary>
    private protected FleetReport Gather()
    {
        // A pipeline of which nothing came is not this machine.
        if (ParameterSetName == ByName && !MyInvocation.ExpectingInput)
        {
            input.AddLocal(
                Names, Since, jobs => NextRuns.Of(jobs, schedules => Run(null, (_, token) => schedules.ListAsync(token)), WriteVerbose), WriteWarning);
        }

        input.Expect(ExpectedHost);
        return input.Build(Since);
    }
}
