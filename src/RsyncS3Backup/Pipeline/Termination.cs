using System.Runtime.InteropServices;

namespace RsyncS3Backup.Pipeline;

/// <summary>
/// What SIGTERM does while a run is on, as when a service manager stops a scheduled one: the run is cancelled, cleans up and is written down as
/// cancelled, and the process ends only then. PowerShell itself would end at once.
/// </summary>
internal sealed class Termination : IDisposable
{
    // systemd sends SIGKILL after 90 seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualResetEventSlim ended = new();
    private readonly PosixSignalRegistration registration;
    private volatile bool isRequested;

    /// <summary>Looks out for SIGTERM.</summary>
    /// <param name="cancel">Cancels the run.</param>
    /// <param name="endsProcess">True when the caller ends the process itself, with a code of its own, once <see cref="IsRequested"/>.</param>
    internal Termination(Action cancel, bool endsProcess) =>
        registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            isRequested = true;
            context.Cancel = endsProcess;
            cancel();
            // The signal does what it does without us when this returns.
            if (!endsProcess)
                ended.Wait(Patience);
        });

    /// <summary>True once the signal has come.</summary>
    internal bool IsRequested => isRequested;

    /// <summary>The run has ended.</summary>
    public void Dispose()
    {
        // Disposing the registration would wait for a handler that waits for this.
        ended.Set();
        registration.Dispose();
    }
}
