# The demo's files, and how their copies are compared.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# What the demo's job leaves out of the source, and the marker that the module keeps at the root of a mirror.
$notCompared = '.DS_Store', 'Thumbs.db', '.rsyncs3backup.json'

# Makes a few hundred files of many sizes, with the names and kinds that backups get wrong, and says what they are.
function New-SampleFile([Parameter(Mandatory)] [string] $Path) {
    $folder = (New-Item $Path -ItemType Directory -Force).FullName
    $random = [Random]::new(20261122)
    $write = {
        param([string] $Name, [int] $Size)
        $file = [IO.Path]::Combine($folder, $Name)
        # Not Split-Path: a backslash is a separator to it on every system.
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($file))
        $bytes = [byte[]]::new($Size)
        $random.NextBytes($bytes)
        [IO.File]::WriteAllBytes($file, $bytes)
    }
    $sizes = 0, 1, 100, 4KB, 50KB, 200KB, 1.5MB
    foreach ($number in 0..279) {
        & $write ('{0}/{1:D2}/IMG_{2:D4}.jpg' -f (2019 + $number % 7), ($number % 12 + 1), $number) $sizes[$number % $sizes.Count]
    }
    & $write 'videos/birthday.mp4' (33MB + 7)
    & $write 'videos/holiday.mov' 16MB
    & $write 'videos/one part less one byte.avi' (8MB - 1)
    $names = '100% done.txt', 'a+b=c.txt', '🎂 cake 🎉.txt', 'Ünïcödé ﾃﾞ.txt', '-rf', '.hidden',
        'semi;colon $HOME `date`.txt', 'two  spaces .txt'
    # Windows has no such names.
    if (-not $IsWindows) { $names += 'it''s "quoted".txt', 'q?x=1&y=2#top.txt', 'back\slash.txt' }
    foreach ($name in $names) { & $write "strange names/$name" 321 }
    & $write 'Thumbs.db' 10
    $null = New-Item "$folder/empty folder" -ItemType Directory
    $null = New-Item "$folder/latest" -ItemType SymbolicLink -Target 2025/01
    $null = New-Item "$folder/videos/holiday (the same file).mov" -ItemType HardLink -Target "$folder/videos/holiday.mov"

    $sum = Get-ChildItem $folder -Recurse -File -Force | Measure-Object Length -Sum
    "$($sum.Count) files, $([int]($sum.Sum / 1MB)) MiB; a link, a hard link, an empty folder"
}

function Get-FileCount([Parameter(Mandatory)] [string] $Path) {
    @(Get-ChildItem $Path -Recurse -File -Force).Count
}

# Compares a folder with copies of it on the disk and with what lies under a prefix of the bucket, without any code of the module.
function Compare-Copy([Parameter(Mandatory)] [string] $Source, [string[]] $Copy, $Server, [string] $Prefix) {
    $differences = [Collections.Generic.List[string]]::new()
    $files = $links = $emptyFolders = $bytes = 0
    $entries = Get-Entry $Source
    $keys = [Collections.Generic.HashSet[string]]::new([string[]] @(Get-S3Listing $Server | ForEach-Object Key))

    foreach ($name in $entries.Keys) {
        $expected = Read-Entry $entries[$name]
        switch ($entries[$name]) {
            { $_.LinkTarget } { $links++; break }
            { $_.PSIsContainer } { $emptyFolders++; break }
            default { $files++; $bytes += $expected.Length }
        }
        # A folder is an object whose key ends with a slash, a link one that holds its target.
        $key = "$Prefix$name$($entries[$name].PSIsContainer -and -not $entries[$name].LinkTarget ? '/' : '')"
        $isStored = $keys.Remove($key) -and
            [Linq.Enumerable]::SequenceEqual[byte]($expected, [byte[]](Get-S3Content $Server $key))
        if (-not $isStored) { $differences.Add("in the bucket: $key") }
    }
    foreach ($key in $keys) {
        if (($key -split '/')[-1] -notin $notCompared) { $differences.Add("only in the bucket: $key") }
    }
    $unfinished = Get-S3UnfinishedUploadCount $Server
    if ($unfinished) { $differences.Add("in the bucket: $unfinished unfinished uploads") }

    foreach ($folder in $Copy) {
        $copies = Get-Entry $folder
        foreach ($name in $entries.Keys) {
            $isEqual = $copies.Contains($name) -and
                $copies[$name].LinkTarget -eq $entries[$name].LinkTarget -and
                $copies[$name].PSIsContainer -eq $entries[$name].PSIsContainer -and
                [Linq.Enumerable]::SequenceEqual[byte]((Read-Entry $entries[$name]), (Read-Entry $copies[$name]))
            if (-not $isEqual) { $differences.Add("on the disk: $folder/$name") }
        }
        foreach ($name in $copies.Keys) {
            if (-not $entries.Contains($name)) { $differences.Add("only on the disk: $folder/$name") }
        }
    }
    [pscustomobject]@{ Files = $files; Links = $links; EmptyFolders = $emptyFolders; Bytes = $bytes; Differences = $differences }
}

# The files, links and empty folders of a folder, by relative name.
function Get-Entry([string] $Folder) {
    $whole = (Get-Item $Folder).FullName
    # Not @{}: its keys are equal when only their case differs.
    $entries = [Collections.Specialized.OrderedDictionary]::new()
    foreach ($entry in Get-ChildItem $whole -Recurse -Force | Where-Object Name -NotIn $notCompared) {
        $isEmpty = $entry.PSIsContainer -and -not @([IO.Directory]::EnumerateFileSystemEntries($entry.FullName)).Count
        if ($entry.LinkTarget -or $isEmpty -or -not $entry.PSIsContainer) {
            $entries[[IO.Path]::GetRelativePath($whole, $entry.FullName).Replace([IO.Path]::DirectorySeparatorChar, '/')] = $entry
        }
    }
    $entries
}

# What an entry holds: a file its bytes, a link its target, a folder nothing.
function Read-Entry($Entry) {
    if ($Entry.LinkTarget) { , [Text.Encoding]::UTF8.GetBytes($Entry.LinkTarget) }
    elseif ($Entry.PSIsContainer) { , [byte[]]::new(0) }
    else { , [IO.File]::ReadAllBytes($Entry.FullName) }
}

Export-ModuleMember -Function New-SampleFile, Get-FileCount, Compare-Copy
