namespace RsyncS3Backup.Configuration;

/// <summary>
/// Which steps of an object's life S3 takes. Source: "Supported transitions and related constraints" in the Amazon S3 User Guide,
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html. Pure.
/// </summary>
internal static class LifecycleLimits
{
    /// <summary>Days before, and after, an object may go to STANDARD_IA or ONEZONE_IA.</summary>
    public const int InfrequentDays = 30;

    /// <summary>True when S3 moves objects from one class to another.</summary>
    public static bool CanMove(string from, string to) => (from, to) switch
    {
        _ when from == to => false,
        (_, "STANDARD" or "REDUCED_REDUNDANCY") => false,
        ("STANDARD" or "REDUCED_REDUNDANCY", _) => true,
        ("DEEP_ARCHIVE", _) => false,
        (_, "DEEP_ARCHIVE") => true,
        ("GLACIER", _) => false,
        (_, "GLACIER") => true,
        ("STANDARD_IA", "INTELLIGENT_TIERING" or "ONEZONE_IA" or "GLACIER_IR") => true,
        ("INTELLIGENT_TIERING", "ONEZONE_IA" or "GLACIER_IR") => true,
        _ => false,
    };

    /// <summary>What S3 would refuse, or never do.</summary>
    /// <param name="first">The class that the objects are stored in.</param>
    /// <param name="transitions">The steps, in any order.</param>
    /// <param name="expireAfterDays">When they go for good; null: never.</param>
    /// <returns>The index of the step, what is wrong with it, and what would be right.</returns>
    public static IEnumerable<(int Index, string Problem, string Allowed)> Find(
        string first, IReadOnlyList<LifecycleTransition> transitions, int? expireAfterDays)
    {
        (string Class, int Days) before = (first, 0);
        bool isFirst = true;
        IEnumerable<(LifecycleTransition Step, int Index)> inOrder = transitions.Select((step, index) => (step, index));
        foreach ((LifecycleTransition step, int index) in inOrder.OrderBy(item => item.Step.AfterDays))
        {
            if (Problem(before.Class, before.Days, isFirst, step) is { } found)
                yield return (index, found.Problem, found.Allowed);
            else if (expireAfterDays <= step.AfterDays)
            {
                yield return (index, $"After {step.AfterDays} days there is nothing left to move: it expires after {expireAfterDays}.",
                    "fewer days than expireAfterDays");
            }

            before = (step.StorageClass, step.AfterDays);
            isFirst = false;
        }
    }

    private static (string Problem, string Allowed)? Problem(string from, int fromDays, bool isFirst, LifecycleTransition step)
    {
        string to = step.StorageClass;
        if (!isFirst && fromDays == step.AfterDays)
            return ($"{from} is due after {fromDays} days too.", "another number of days for each class");
        if (!CanMove(from, to))
        {
            string[] possible = [.. S3StorageClasses.ForTransitions.Where(other => CanMove(from, other))];
            return ($"S3 moves nothing from {from} to {to}.",
                possible.Length == 0 ? $"no step after {from}" : $"after {from}: {string.Join(", ", possible)}");
        }

        bool isInfrequent = to is "STANDARD_IA" or "ONEZONE_IA";
        if (isInfrequent && step.AfterDays < InfrequentDays)
            return ($"S3 moves nothing to {to} that is younger than {InfrequentDays} days.", $"at least {InfrequentDays} days for {to}");
        bool wasInfrequent = !isFirst && from is "STANDARD_IA" or "ONEZONE_IA";
        return wasInfrequent && step.AfterDays < fromDays + InfrequentDays
            ? ($"S3 leaves objects in {from} for at least {InfrequentDays} days before it moves them on.",
                $"at least {fromDays + InfrequentDays} days for {to}")
            : null;
    }
}
