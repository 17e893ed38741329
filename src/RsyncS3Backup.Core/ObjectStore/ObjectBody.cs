using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>Which object is asked for, and what it must still be.</summary>
/// <param name="Key">The whole key.</param>
internal readonly record struct ObjectQuery(string Key)
{
    /// <summary>The version; null: the current one.</summary>
    public string? VersionId { get; init; }

    /// <summary>The entity tag that the object must have, without quotes; null: any.</summary>
    public string? ETag { get; init; }

    /// <summary>The first and the last byte; null: all of them.</summary>
    public (long First, long Last)? Range { get; init; }
}

/// <summary>An object on its way here.</summary>
/// <param name="about">What S3 says of it.</param>
/// <param name="answer">The answer that carries it.</param>
internal sealed class ObjectBody(StoredObject about, IDisposable answer) : IDisposable
{
    /// <summary>What S3 says of it.</summary>
    public StoredObject About => about;

    /// <summary>Bytes that the answer announced.</summary>
    public long Length => answer switch
    {
        HttpResponseMessage direct => direct.Content.Headers.ContentLength ?? about.Size,
        GetObjectResponse found => found.ContentLength,
        _ => about.Size,
    };

    /// <summary>The bytes as they come.</summary>
    public ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => answer switch
    {
        HttpResponseMessage direct => new ValueTask<Stream>(direct.Content.ReadAsStreamAsync(cancellationToken)),
        GetObjectResponse found => ValueTask.FromResult(found.ResponseStream),
        _ => throw new InvalidOperationException(),
    };

    /// <inheritdoc/>
    public void Dispose() => answer.Dispose();
}
