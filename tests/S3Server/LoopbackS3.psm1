# The loopback S3 server as a process of its own, and a look into its bucket that does not use the module.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Starts a server with an empty bucket on a free port of 127.0.0.1; builds it first where that has not been done.
function Start-LoopbackS3([Parameter(Mandatory)] [string] $Bucket) {
    $assembly = Join-Path $PSScriptRoot 'bin/Release/net10.0/S3Server.dll'
    if (-not (Test-Path $assembly)) {
        $output = dotnet build $PSScriptRoot -c Release 2>&1
        if (-not (Test-Path $assembly)) { throw "The loopback S3 server could not be built:`n$($output -join "`n")" }
    }
    $start = [Diagnostics.ProcessStartInfo]::new('dotnet')
    foreach ($argument in 'exec', $assembly, '--bucket', $Bucket, '--commands', 'true') { $start.ArgumentList.Add($argument) }
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $process = [Diagnostics.Process]::Start($start)
    $line = $process.StandardOutput.ReadLine()
    if (-not $line) { throw 'The loopback S3 server did not start.' }
    $address = @{}
    foreach ($pair in $line -split ' ') {
        $name, $value = $pair -split '=', 2
        $address[$name] = $value
    }
    [pscustomobject]@{
        Process   = $process
        Bucket    = $Bucket
        Endpoint  = $address.endpoint
        Region    = $address.region
        AccessKey = $address.access_key
        SecretKey = $address.secret_key
    }
}

function Stop-LoopbackS3([Parameter(Mandatory)] $Server) {
    $Server.Process.Kill()
    $Server.Process.WaitForExit()
    $Server.Process.Dispose()
}

# Gives the server a command: 'fault PutObject AccessDenied', 'no-faults'.
function Send-LoopbackS3([Parameter(Mandatory)] $Server, [Parameter(Mandatory)] [string] $Command) {
    $Server.Process.StandardInput.WriteLine($Command)
    $Server.Process.StandardInput.Flush()
    $answer = $Server.Process.StandardOutput.ReadLine()
    if ($answer -ne 'ok') { throw "The loopback S3 server answered '$answer' to '$Command'." }
}

# How many requests the server got since it was last asked.
function Get-LoopbackS3RequestCount([Parameter(Mandatory)] $Server) {
    $Server.Process.StandardInput.WriteLine('requests')
    $Server.Process.StandardInput.Flush()
    [int] $total = 0
    foreach ($count in [regex]::Matches($Server.Process.StandardOutput.ReadLine(), '\d+(?= |$)')) { $total += $count.Value }
    $total
}

# The keys of a bucket (at most 1,000), each with its ETag.
function Get-S3Listing([Parameter(Mandatory)] $Server, [string] $Prefix = '') {
    [xml] $listing = Read-S3Text $Server "list-type=2&prefix=$([uri]::EscapeDataString($Prefix))"
    if ($listing.GetElementsByTagName('IsTruncated')[0].InnerText -ne 'false') { throw 'The bucket has more than one page of keys.' }
    foreach ($entry in $listing.GetElementsByTagName('Contents')) {
        [pscustomobject]@{
            Key  = $entry.GetElementsByTagName('Key')[0].InnerText
            ETag = $entry.GetElementsByTagName('ETag')[0].InnerText.Trim('"')
        }
    }
}

# How many multipart uploads were begun and neither completed nor aborted.
function Get-S3UnfinishedUploadCount([Parameter(Mandatory)] $Server) {
    ([xml](Read-S3Text $Server 'uploads=')).GetElementsByTagName('Upload').Count
}

# The bytes of an object.
function Get-S3Content([Parameter(Mandatory)] $Server, [Parameter(Mandatory)] [string] $Key) {
    $path = ($Key -split '/').ForEach{ [uri]::EscapeDataString($_) } -join '/'
    , (Read-S3 $Server "/$($Server.Bucket)/$path" '')
}

function Read-S3Text($Server, [string] $Query) {
    [Text.Encoding]::UTF8.GetString((Read-S3 $Server "/$($Server.Bucket)" $Query))
}

$client = [Net.Http.HttpClient]::new()

# A GET with signature version 4.
function Read-S3($Server, [string] $Path, [string] $Query) {
    $time = [datetime]::UtcNow.ToString('yyyyMMddTHHmmssZ', [cultureinfo]::InvariantCulture)
    $day = $time.Substring(0, 8)
    $scope = "$day/$($Server.Region)/s3/aws4_request"
    $payload = 'UNSIGNED-PAYLOAD'
    $names = 'host;x-amz-content-sha256;x-amz-date'
    $hosts = ([uri] $Server.Endpoint).Authority
    $signed = "GET`n$Path`n$Query`nhost:$hosts`nx-amz-content-sha256:$payload`nx-amz-date:$time`n`n$names`n$payload"
    $digest = [Security.Cryptography.SHA256]::HashData([Text.Encoding]::UTF8.GetBytes($signed))
    $hash = [Convert]::ToHexString($digest).ToLowerInvariant()
    $key = [Text.Encoding]::UTF8.GetBytes('AWS4' + $Server.SecretKey)
    foreach ($part in $day, $Server.Region, 's3', 'aws4_request', "AWS4-HMAC-SHA256`n$time`n$scope`n$hash") {
        $key = [Security.Cryptography.HMACSHA256]::HashData($key, [Text.Encoding]::UTF8.GetBytes($part))
    }
    $signature = [Convert]::ToHexString($key).ToLowerInvariant()
    $request = [Net.Http.HttpRequestMessage]::new('GET', "$($Server.Endpoint)$Path$($Query ? "?$Query" : '')")
    $credential = "$($Server.AccessKey)/$scope"
    $headers = @{
        'x-amz-date'           = $time
        'x-amz-content-sha256' = $payload
        'Authorization'        = "AWS4-HMAC-SHA256 Credential=$credential, SignedHeaders=$names, Signature=$signature"
    }
    foreach ($name in $headers.Keys) { $null = $request.Headers.TryAddWithoutValidation($name, $headers[$name]) }
    $answer = $client.Send($request)
    if (-not $answer.IsSuccessStatusCode) { throw "GET $Path answered $([int] $answer.StatusCode) $($answer.ReasonPhrase)." }
    , $answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult()
}

Export-ModuleMember -Function Start-LoopbackS3, Stop-LoopbackS3, Send-LoopbackS3, Get-LoopbackS3RequestCount, Get-S3Listing,
    Get-S3UnfinishedUploadCount, Get-S3Content
