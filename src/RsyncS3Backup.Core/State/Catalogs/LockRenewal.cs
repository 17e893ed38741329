namespace RsyncS3Backup.State.Catalogs;

/// <summary>What a catalog knows of when locks of its objects are to be renewed.</summary>
/// <param name="Days">For how many days the job locks its objects.</param>
/// <param name="Due">When the first of them is to be renewed; earlier none is.</param>
internal sealed record LockRenewal(int Days, DateTimeOffset Due);
