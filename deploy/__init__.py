"""What is built for AWS: the package of the function, and the wheels of the job."""
